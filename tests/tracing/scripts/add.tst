* Adds two registers, stores the sum and ends in a disabled wait.
*Testcase ADD (64) and STORE
sysclear
archlvl z/Arch
r 1a0=00000001800000000000000000000200   # restart new PSW
r 1d0=0002000180000000000000000000DEAD   # program new PSW
r 200=A7190005                           # LGHI 1,5
r 204=A7290007                           # LGHI 2,7
r 208=B9080021                           # AGR 2,1
r 20c=E32008000024                       # STG 2,800
r 212=B2B20300                           # LPSWE 300
r 300=00020001800000000000000000000000
runtest
*Compare
r 800.8
*Want "sum" 00000000 0000000C
*Key 06
gpr
*Gpr 1 5
*Gpr 2 0000000C
*Done

*Testcase OPERATION EXCEPTION
r 200=0000
*Program 0001
runtest restart 5
*Compare
r 8e.2
*Want 0001
pr
*Prefix 0
*Done
