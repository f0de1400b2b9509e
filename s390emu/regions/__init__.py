"""Hot guest code, translated: regions of a page become one function each, made of the handlers' own LLVM IR.

There is no second set of semantics: what a region executes is the same code that the run loop would call, inlined.
docs/translation.md tells how.
"""
