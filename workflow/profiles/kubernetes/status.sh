#!/bin/sh
# status.sh NAME: says success, failed or running of a Job. One that is gone has failed; no answer is no failure.
fields='jsonpath={.metadata.name} {.status.conditions[?(@.status=="True")].type}'
if found=$(kubectl get "$1" --ignore-not-found -o "$fields"); then
    case $found in
    *Complete*) echo success ;;
    *Failed* | '') echo failed ;;
    *) echo running ;;
    esac
else
    echo running
fi
