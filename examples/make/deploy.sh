#!/bin/sh
# Stands for a program that reads its secrets from its variables.
set -eu
echo "deploying with a database at ${DATABASE_URL#*@}, and a key of ${#API_KEY} characters"
