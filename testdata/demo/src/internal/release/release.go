// SPDX-License-Identifier: Apache-2.0

// Package release checks a release folder against its checksum list.
package release

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"golang.org/x/mod/semver"
	"golang.org/x/sync/errgroup"

	"example.com/acme/shipcheck/internal/config"
	"example.com/acme/shipcheck/internal/sums"
	"example.com/acme/shipcheck/internal/unpack"
)

// Problem is a kind of finding.
type Problem string

// What can be wrong with a file.
const (
	Missing      Problem = "missing"       // listed, not there
	Changed      Problem = "changed"       // there, with another digest
	Unlisted     Problem = "unlisted"      // there, neither listed nor ignored
	Damaged      Problem = "damaged"       // does not unpack to its end
	WrongVersion Problem = "wrong-version" // named after another version
)

// Finding is one thing wrong with one file.
type Finding struct {
	Name    string  `json:"name"`
	Problem Problem `json:"problem"`
	Detail  string  `json:"detail"`
}

// Report is the outcome of Check: what was read, and what is wrong with it.
type Report struct {
	Files    int       `json:"files"` // files whose digest is right
	Bytes    int64     `json:"bytes"` // bytes read
	Findings []Finding `json:"findings"`
}

// Check compares folder with its checksum list. Findings are sorted by name. An
// error means that the folder could not be judged, not that something is wrong
// with it.
func Check(ctx context.Context, folder string, settings config.Settings) (Report, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return Report{}, err
	}
	defer root.Close()

	listed, err := readList(root, settings)
	if err != nil {
		return Report{}, err
	}
	present, err := walk(root.FS(), settings)
	if err != nil {
		return Report{}, err
	}
	report, err := checkListed(ctx, root, listed, settings)
	if err != nil {
		return Report{}, err
	}
	report.Findings = append(report.Findings, findUnlisted(present, listed)...)
	slices.SortStableFunc(report.Findings, func(a, b Finding) int { return cmp.Compare(a.Name, b.Name) })
	return report, nil
}

// Sum makes the checksum list of folder: every file but the list itself and
// what is ignored, sorted by name.
func Sum(ctx context.Context, folder string, settings config.Settings) ([]sums.Entry, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()

	names, err := walk(root.FS(), settings)
	if err != nil {
		return nil, err
	}
	entries := make([]sums.Entry, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(settings.Jobs)
	for i, name := range names {
		group.Go(func() error {
			read, err := readFile(ctx, root, name, settings)
			entries[i] = sums.Entry{Name: name, Digest: read.digest}
			return err
		})
	}
	return entries, group.Wait()
}

func readList(root *os.Root, settings config.Settings) ([]sums.Entry, error) {
	file, err := root.Open(settings.Checksums)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	entries, err := sums.Parse(file, settings.Algorithm)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", settings.Checksums, err)
	}
	return entries, nil
}

// walk lists the files that ship: all but the list and what is ignored.
func walk(tree fs.FS, settings config.Settings) ([]string, error) {
	var names []string
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == settings.Checksums || ignored(name, settings.Ignore) {
			return err
		}
		names = append(names, name)
		return nil
	})
	return names, err
}

// ignored relies on config having refused bad patterns.
func ignored(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		return doublestar.MatchUnvalidated(pattern, name)
	})
}

func checkListed(ctx context.Context, root *os.Root, listed []sums.Entry, settings config.Settings) (Report, error) {
	results := make([]result, len(listed))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(settings.Jobs)
	for i, entry := range listed {
		group.Go(func() (err error) {
			results[i], err = checkFile(ctx, root, entry, settings)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Report{}, err
	}
	report := Report{Findings: []Finding{}}
	for _, r := range results {
		report.Bytes += r.size
		if r.intact {
			report.Files++
		}
		report.Findings = append(report.Findings, r.findings...)
	}
	return report, nil
}

type result struct {
	size     int64
	intact   bool
	findings []Finding
}

func checkFile(ctx context.Context, root *os.Root, entry sums.Entry, settings config.Settings) (result, error) {
	var found result
	add := func(problem Problem, format string, args ...any) {
		found.findings = append(found.findings, Finding{entry.Name, problem, fmt.Sprintf(format, args...)})
	}
	if other := otherVersion(entry.Name, settings.Version); other != "" {
		add(WrongVersion, "is named after %s, want %s", other, settings.Version)
	}
	read, err := readFile(ctx, root, entry.Name, settings)
	if errors.Is(err, fs.ErrNotExist) {
		add(Missing, "is listed and not there")
		return found, nil
	}
	if err != nil {
		return result{}, err
	}
	found.size = read.size
	found.intact = read.digest == entry.Digest
	if !found.intact {
		add(Changed, "%s is %s, want %s", settings.Algorithm, read.digest, entry.Digest)
	}
	if read.unpackErr != nil {
		add(Damaged, "%v", read.unpackErr)
	}
	return found, nil
}

type contents struct {
	digest    string
	size      int64
	unpackErr error // of a compressed file
}

// readFile reads a file once, for its digest and, if it is compressed, to see
// that it unpacks.
func readFile(ctx context.Context, root *os.Root, name string, settings config.Settings) (contents, error) {
	file, err := root.Open(name)
	if err != nil {
		return contents{}, err
	}
	defer file.Close()

	hash := settings.Algorithm.New()
	hashed := &counter{reader: io.TeeReader(&cancellable{ctx, file}, hash)}
	var unpackErr error
	if unpack.IsCompressed(name) {
		unpackErr = unpack.Test(name, hashed, settings.MaxUnpack)
	}
	if _, err := io.Copy(io.Discard, hashed); err != nil {
		return contents{}, err
	}
	return contents{hex.EncodeToString(hash.Sum(nil)), hashed.size, unpackErr}, nil
}

// otherVersion is the version in the name of an archive such as
// tool_v1.2.3_linux_amd64.tar.zst, if it differs from want.
func otherVersion(name, want string) string {
	if want == "" || !unpack.IsCompressed(name) {
		return ""
	}
	for part := range strings.SplitSeq(path.Base(name), "_") {
		if semver.IsValid(part) && semver.Compare(part, want) != 0 {
			return part
		}
	}
	return ""
}

func findUnlisted(present []string, listed []sums.Entry) []Finding {
	known := make(map[string]bool, len(listed))
	for _, entry := range listed {
		known[entry.Name] = true
	}
	var findings []Finding
	for _, name := range present {
		if !known[name] {
			findings = append(findings, Finding{name, Unlisted, "would ship without a checksum"})
		}
	}
	return findings
}

// counter counts the bytes read through it.
type counter struct {
	reader io.Reader
	size   int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.reader.Read(p)
	c.size += int64(n)
	return n, err
}

// cancellable stops reading once its context is done.
type cancellable struct {
	ctx    context.Context
	reader io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.reader.Read(p)
}
