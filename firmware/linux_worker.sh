#!/bin/busybox sh
# /init of the Linux guests of `s390emu overcommit --guest linux` (docs/linux.md): busybox and the kernel's own balloon
# driver, nothing else. s390emu/guests/linux_worker.py knows what every sum below has to be.
/bin/mount -t proc proc /proc
/bin/mount -t tmpfs -o size=100% tmpfs /tmp
cd /tmp || exit
stty -echo
echo READY

# The operator says `GO SEED BURST IDLE_MS`; later `CMM SHRINK PAGES`, as VMRM does, and `STOP`.
read -r _ seed burst idle
while read -r _ what pages; do
    case $what in
    SHRINK) echo "$pages" >/proc/sys/vm/cmm_pages ;;
    *) : >stop ;;
    esac
done </dev/console &

random=$seed
draw() { # a number below $1
    random=$(((random * 1103515245 + 12345) & 2147483647))
    drawn=$(((random >> 8) % $1))
}

write() { # a file of about 500 KB that names itself all over
    line="guest $seed file $1: sphinx of black quartz, judge my vow. "
    line=$line$line$line$line
    echo "$line$line$line$line" >block
    cat block block block block block block block block block block block block block block block block \
        block block block block block block block block block block block block block block block block >run
    cat run run run run run run run run run run run run run run run run >"$1"
}

read_back() { # a file; 64 KB of it somewhere are summed: that is a request
    dd if="$1" of=/dev/null bs=64k 2>/dev/null
    draw 6
    dd if="$1" bs=64k skip="$drawn" count=1 2>/dev/null | md5sum
}

first=0 last=0 # the files there are: from the first one up to, but not including, the last
while :; do
    draw "$burst"
    goal=$((burst / 2 + drawn))
    while [ $((last - first)) -lt $goal ]; do
        write $last
        last=$((last + 1))
        draw $((last - first))
        read_back $((first + drawn))
        if [ -e stop ]; then break 2; fi
        if [ $((last % 8)) = 0 ]; then dd if=/dev/zero of=/dev/null bs=2M count=1 2>/dev/null; fi
    done
    draw 8
    gone=
    while [ $((last - first)) -gt "$drawn" ]; do
        gone="$gone $first"
        first=$((first + 1))
    done
    rm -f $gone
    draw $((2 * idle + 1))
    milliseconds=$((1000 + drawn))
    sleep "0.${milliseconds#1}"
done

echo "STOPPED $(cat /proc/sys/vm/cmm_pages)"
while [ $first -lt $last ]; do
    md5sum $first
    first=$((first + 1))
done
echo END
sleep 1 # until the console has written it
poweroff -f
