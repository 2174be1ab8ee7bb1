// SPDX-License-Identifier: Apache-2.0

// Package sums reads and writes checksum lists in the form of sha256sum(1):
// a lower-case hexadecimal digest, a space, a space or an asterisk, a name.
package sums

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"example.com/acme/shipcheck/internal/digest"
)

// Entry is one line of a list.
type Entry struct {
	Name   string // slash-separated, below the release folder
	Digest string // lower-case hexadecimal
}

// Parse reads a list whose digests are all of one algorithm.
//
// A name must stay below the release folder and may come once only. An empty
// list is an error, since it would let any folder pass.
func Parse(list io.Reader, algorithm digest.Algorithm) ([]Entry, error) {
	var entries []Entry
	seen := make(map[string]bool)
	scanner := bufio.NewScanner(list)
	for number := 1; scanner.Scan(); number++ {
		line := scanner.Text()
		if line == "" {
			continue
		}
		entry, err := parseLine(line, algorithm)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if seen[entry.Name] {
			return nil, fmt.Errorf("line %d: %q is listed twice", number, entry.Name)
		}
		seen[entry.Name] = true
		entries = append(entries, entry)
	}
	if err := scanner.Err(); err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, errors.New("the list names no file")
	}
	return entries, nil
}

// Write writes entries in the order given.
func Write(w io.Writer, entries []Entry) error {
	for _, e := range entries {
		if _, err := fmt.Fprintf(w, "%s  %s\n", e.Digest, e.Name); err != nil {
			return err
		}
	}
	return nil
}

func parseLine(line string, algorithm digest.Algorithm) (Entry, error) {
	sum, rest, found := strings.Cut(line, " ")
	if !found || len(rest) < 2 || (rest[0] != ' ' && rest[0] != '*') {
		return Entry{}, errors.New("want a digest, two spaces and a file name")
	}
	if len(sum) != algorithm.HexLen() {
		return Entry{}, fmt.Errorf("digest has %d characters, %s has %d", len(sum), algorithm, algorithm.HexLen())
	}
	if _, err := hex.DecodeString(sum); err != nil || strings.ToLower(sum) != sum {
		return Entry{}, errors.New("digest is not lower-case hexadecimal")
	}
	name := rest[1:]
	if !fs.ValidPath(name) || name == "." {
		return Entry{}, fmt.Errorf("%q is not a file below the release folder", name)
	}
	return Entry{Name: name, Digest: sum}, nil
}
