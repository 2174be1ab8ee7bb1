// SPDX-License-Identifier: Apache-2.0

// Treehash prints the hash that go.sum would have for a folder, and its size.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dustin/go-humanize"
	"golang.org/x/mod/sumdb/dirhash"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: treehash FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "treehash:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	hash, err := dirhash.HashDir(folder, "", dirhash.Hash1)
	if err != nil {
		return err
	}
	size, err := treeSize(folder)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%s  %s  %s\n", hash, humanize.IBytes(size), folder)
	return err
}

func treeSize(folder string) (uint64, error) {
	var total uint64
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		total += uint64(info.Size())
		return nil
	})
	return total, err
}
