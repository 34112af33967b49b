#!/bin/sh
# On the connector's machine: ./start.sh ./target/release/orders-source
exec coffer connector run --config "$(dirname "$0")/connector.yaml" -- "$@"
