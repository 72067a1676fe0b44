# shellcheck shell=sh
# What the client tests share: the demo's server with its sample mail, on a free port, and
# comparing. To be sourced. $IMAPD is the program.
set -u
here=$(cd "$(dirname "$0")" && pwd)
IMAPD=${IMAPD:-./imapd}
case $IMAPD in /*) ;; *) IMAPD=$PWD/$IMAPD ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/imapd-client.XXXXXX")
failures=0 checks=0 started= groups=

finish() {
    status=$?
    trap '' INT TERM HUP EXIT
    for group in $groups; do
        kill -- "-$group" 2> /dev/null
    done
    for pid in $started; do
        kill "$pid" 2> /dev/null
        wait "$pid" 2> /dev/null
    done
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

need() {
    for program in "$@"; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$program" > /dev/null || {
            echo "skip: no $program"
            exit 77
        }
    done
}

# Starts the demo; sets port, password, dir (its directory), maildir. What a test starts besides
# goes into `started`, to be ended with it; what it starts with setsid into `groups`.
start_demo() {
    rm -f "$work/ready"
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    password=pw-for-the-test
    IMAPD=$IMAPD PORT=$port DEMO_PASSWORD=$password DEMO_READY=$work/ready \
        "$here/../demo/demo" > "$work/demo.out" 2>&1 &
    demo_pid=$!
    started="$started $demo_pid"
    tries=0
    until [ -e "$work/ready" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 150 ] || ! kill -0 "$demo_pid" 2> /dev/null; then
            cat "$work/demo.out"
            echo "FAIL the demo does not start"
            exit 1
        fi
        sleep 0.1
    done
    dir=$(cat "$work/ready")
    maildir=$dir/Maildir
}

# check WHAT GOT WANTED
check() {
    checks=$((checks + 1))
    if [ "$2" = "$3" ]; then
        echo "ok   $1"
    else
        failures=$((failures + 1))
        echo "FAIL $1"
        echo "       got:    $2" | head -20
        echo "       wanted: $3" | head -20
    fi
}

# Files of a Maildir folder's directory: count DIR [GLOB]
count() {
    find "$1/cur" "$1/new" -type f -name "${2:-*}" | wc -l | tr -d ' '
}

result() {
    echo "$((checks - failures)) passed, $failures failed"
    [ "$failures" = 0 ]
    exit
}
