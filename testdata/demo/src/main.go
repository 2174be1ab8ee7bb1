// SPDX-License-Identifier: Apache-2.0

// Shipcheck checks a release folder before it ships: every file of the
// checksum list is there and unchanged, every compressed file unpacks to its
// end, every archive is named after the release's version, and nothing that is
// not listed ships along.
package main

import (
	"context"
	"os"
	"os/signal"

	"example.com/acme/shipcheck/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
