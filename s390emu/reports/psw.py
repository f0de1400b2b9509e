def describe_psw(mask, ia): return "?"
