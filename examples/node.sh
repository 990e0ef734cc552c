# shell.sh, and a node that runs; sourced, not run.
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
choose_port
start_node --stop-processes
