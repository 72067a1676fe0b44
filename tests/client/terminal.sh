# shellcheck shell=sh
# A mail client in a terminal of tmux, its keys pressed by a script. To be sourced behind lib.sh.
export TERM=screen LC_ALL=C.UTF-8
tmux="tmux -S $work/tmux.socket -f /dev/null"

stop_terminal() {
    $tmux kill-server 2> /dev/null || true
}

# start_terminal COMMAND
start_terminal() {
    $tmux new-session -d -x 140 -y 40 "$1"
    trap 'stop_terminal; finish' EXIT
}

until_it_ends() {
    tries=0
    while $tmux has-session 2> /dev/null && [ "$tries" -lt 50 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
}

screen() {
    $tmux capture-pane -p 2> /dev/null
}

# Waits until the screen shows something: see WHAT
see() {
    tries=0
    until screen | grep -q -- "$1"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ]; then
            echo "       the screen never showed: $1"
            screen | sed '/^ *$/d; s/^/       /'
            return 1
        fi
        sleep 0.1
    done
}

# Waits for a command to print what is wanted, then checks it: eventually WHAT WANTED COMMAND...
eventually() {
    what=$1 wanted=$2
    shift 2
    tries=0
    until [ "$("$@")" = "$wanted" ] || [ "$tries" -gt 80 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    check "$what" "$("$@")" "$wanted"
}

keys() {
    $tmux send-keys "$@"
}
