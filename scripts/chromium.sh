#!/usr/bin/env bash
# Make sure of a Chromium for the browser tests. Without one they skip, so this never fails.
set -u
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "No Chromium on PATH: the browser tests will be skipped." >&2
  exit 0
fi
echo "Installing Chromium for the browser tests …" >&2
export DEBIAN_FRONTEND=noninteractive
if ! { timeout 300 apt-get update -qq && timeout 600 apt-get install -y -qq --no-install-recommends chromium; } >/dev/null; then
  echo "Chromium could not be installed: the browser tests will be skipped." >&2
fi
