# Sourced by the scripts beside it, from the root of the repository.
# prepare_environment LOCK makes .venv, brings it to the given lock file and sets $python to its interpreter.
# Each installed lock is kept as a copy inside .venv: an unchanged one costs a comparison and no pip.

venv=.venv
python=$venv/bin/python
runtime_lock=requirements.txt

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

is_supported() {
    "$1" -I -S -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in python3.11 python3 python3.12 python3.13 python3.14; do
        if is_supported "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed, and none was found as python3.11 or python3." \
        "The python3 found here: $(python3 --version 2>&1 || true)"
}

make_venv() {
    base_python=$(find_python) || exit 1
    # Without ensurepip, which Debian packages apart, venv leaves a broken directory behind.
    "$base_python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$base_python cannot make virtual environments: its venv module is missing." \
            "On Debian and Ubuntu: apt-get install python3-venv"
    printf 'Making %s with %s\n' "$venv" "$("$base_python" --version)" >&2
    "$base_python" -m venv --clear "$venv" || fail "The virtual environment $venv could not be made in $(pwd)."
}

is_installed() {
    cmp -s "$1" "$venv/installed-$1"
}

install_lock() {
    printf 'Installing %s, which takes a minute or two the first time\n' "$1" >&2
    # The stamps go first, so that an interrupted installation is repeated.
    rm -f "$venv"/installed-*
    "$python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$1" ||
        fail "The requirements in $1 could not be installed."
    cp "$1" "$venv/installed-$1"
    # The development lock holds every pin of the runtime lock, so it answers for both.
    cp "$runtime_lock" "$venv/installed-$runtime_lock"
}

prepare_environment() {
    is_supported "$python" || make_venv
    is_installed "$1" || install_lock "$1"
}
