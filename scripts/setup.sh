#!/usr/bin/env bash
# Installs the Debian 12 packages that building and testing Sluice needs. Safe to repeat; when
# nothing is missing it only asks dpkg.
set -euo pipefail

packages=(
  # build
  g++ cmake ninja-build ccache mold pkg-config git
  # libraries (docs/ARCHITECTURE.md says where each is used)
  librocksdb-dev librdkafka-dev maven openjdk-17-jre-headless python3 flatbuffers-compiler libflatbuffers-dev libcli11-dev
  libspdlog-dev libfmt-dev nlohmann-json3-dev libyaml-cpp-dev libboost1.81-dev
  libboost-system1.81-dev libboost-filesystem1.81-dev libssl-dev libcurl4-openssl-dev
  prometheus-cpp-dev libxxhash-dev libexpected-dev libjemalloc-dev
  # tests and benchmarks
  libgtest-dev libgmock-dev libbenchmark-dev librapidcheck-dev
  # foreign Kafka clients (examples/kafka)
  kcat openjdk-17-jdk-headless python3-venv
  # checks and the quickstart
  clang-format clang-tidy curl jq openssl
)

installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
missing=()
for package in "${packages[@]}"; do
  grep -qx "$package installed" <<<"$installed" || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "setup: all ${#packages[@]} packages are installed"
  exit 0
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: run this as root, or install: ${missing[*]}" >&2
    exit 3
  fi
  as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
echo "setup: installed ${#missing[@]} packages"
