# Sourced. need_packages installs the named Debian packages that are missing, and asks nothing where none is.

libraries="libmicrohttpd-dev libcurl4-openssl-dev zlib1g-dev libmimalloc-dev libsqlite3-dev pkg-config"
# What the end-to-end tests ask for their opinion: prometheus, promtool and alertmanager.
judges="prometheus prometheus-alertmanager"
# What `make observe` starts.
observers="prometheus prometheus-alertmanager"

need_packages() {
    local missing=() package
    if ! command -v dpkg-query >/dev/null; then
        echo "This is no Debian: install what matches these packages yourself: $*" >&2
        return 0
    fi
    for package in "$@"; do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
            missing+=("$package")
        fi
    done
    [ "${#missing[@]}" -eq 0 ] && return 0

    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "Missing packages, and neither root nor sudo to install them. As root:" >&2
            echo "    apt-get install --yes ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    echo "Installing ${missing[*]}"
    # Package lists may be absent (a fresh image) or old (packages gone): fetch them, then install.
    "${as_root[@]}" apt-get update --quiet=2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet=2 --no-install-recommends "${missing[@]}"
}

need_swift() {
    if ! command -v swift >/dev/null; then
        echo "No swift on PATH: install a Swift 6.2 (or newer) toolchain first." >&2
        return 1
    fi
}
