// SPDX-License-Identifier: Apache-2.0

package release

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"example.com/acme/shipcheck/internal/config"
	"example.com/acme/shipcheck/internal/sums"
)

func TestCleanReleasePasses(t *testing.T) {
	for _, algorithm := range []string{"sha256", "sha512", "blake3"} {
		folder, settings := newRelease(t, algorithm)
		report, err := Check(t.Context(), folder, settings)
		if err != nil {
			t.Fatal(err)
		}
		if report.Files != 4 || len(report.Findings) != 0 {
			t.Errorf("%s: got %+v, want 4 files and no finding", algorithm, report)
		}
	}
}

func TestEachProblemIsFound(t *testing.T) {
	for _, test := range []struct {
		name   string
		spoil  func(folder string, settings *config.Settings) error
		wanted []Finding // Detail is a prefix
	}{
		{
			"missing",
			func(folder string, _ *config.Settings) error { return os.Remove(filepath.Join(folder, "README")) },
			[]Finding{{"README", Missing, "is listed and not there"}},
		},
		{
			"changed",
			func(folder string, _ *config.Settings) error { return write(folder, "README", []byte("other")) },
			[]Finding{{"README", Changed, "sha256 is d9298a10"}},
		},
		{
			"unlisted",
			func(folder string, _ *config.Settings) error { return write(folder, "id_ed25519", nil) },
			[]Finding{{"id_ed25519", Unlisted, "would ship without a checksum"}},
		},
		{
			"cut short",
			func(folder string, settings *config.Settings) error {
				if err := os.Truncate(filepath.Join(folder, "tool_v1.2.3_linux_amd64.tar.zst"), 40); err != nil {
					return err
				}
				return writeList(t, folder, *settings)
			},
			[]Finding{{"tool_v1.2.3_linux_amd64.tar.zst", Damaged, "unexpected EOF"}},
		},
		{
			"too large unpacked",
			func(_ string, settings *config.Settings) error { settings.MaxUnpack = 4095; return nil },
			[]Finding{
				{"docs/manual.xz", Damaged, "unpacks to more than 4095 bytes"},
				{"tool_v1.2.3_linux_amd64.tar.zst", Damaged, "unpacks to more than 4095 bytes"},
				{"tool_v1.2.3_windows_amd64.tgz", Damaged, "unpacks to more than 4095 bytes"},
			},
		},
		{
			"wrong version",
			func(_ string, settings *config.Settings) error { settings.Version = "v1.3.0"; return nil },
			[]Finding{
				{"tool_v1.2.3_linux_amd64.tar.zst", WrongVersion, "is named after v1.2.3, want v1.3.0"},
				{"tool_v1.2.3_windows_amd64.tgz", WrongVersion, "is named after v1.2.3, want v1.3.0"},
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder, settings := newRelease(t, "sha256")
			if err := test.spoil(folder, &settings); err != nil {
				t.Fatal(err)
			}
			report, err := Check(t.Context(), folder, settings)
			if err != nil {
				t.Fatal(err)
			}
			if !matches(report.Findings, test.wanted) {
				t.Errorf("got %+v, want %+v", report.Findings, test.wanted)
			}
		})
	}
}

func TestLinkOutOfTheFolderIsNotFollowed(t *testing.T) {
	folder, settings := newRelease(t, "sha256")
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("read me"), 0o644); err != nil {
		t.Fatal(err)
	}
	readme := filepath.Join(folder, "README")
	if err := os.Remove(readme); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, readme); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	_, err := Check(t.Context(), folder, settings)
	if err == nil || !strings.Contains(err.Error(), "path escapes from parent") {
		t.Errorf("got %v, want an error about the link", err)
	}
}

// newRelease makes a folder with four listed files and one that is ignored.
func newRelease(t *testing.T, algorithm string) (string, config.Settings) {
	t.Helper()
	settings, err := config.File{Algorithm: algorithm, Version: "v1.2.3", Ignore: []string{"**/*.sig"}}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, content := range map[string][]byte{
		"README":                          []byte("read me"),
		"docs/manual.xz":                  compressXz(t),
		"docs/manual.xz.sig":              []byte("signature"),
		"tool_v1.2.3_linux_amd64.tar.zst": compressZstd(t),
		"tool_v1.2.3_windows_amd64.tgz":   compressGzip(t),
	} {
		if err := write(folder, name, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeList(t, folder, settings); err != nil {
		t.Fatal(err)
	}
	return folder, settings
}

func writeList(t *testing.T, folder string, settings config.Settings) error {
	entries, err := Sum(t.Context(), folder, settings)
	if err != nil {
		return err
	}
	var list bytes.Buffer
	if err := sums.Write(&list, entries); err != nil {
		return err
	}
	return write(folder, settings.Checksums, list.Bytes())
}

func write(folder, name string, content []byte) error {
	file := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o644)
}

// payload is 4096 bytes that do not compress to almost nothing.
func payload() []byte {
	data := make([]byte, 4096)
	state := uint32(1)
	for i := range data {
		state = state*1664525 + 1013904223
		data[i] = byte(state >> 24)
	}
	return data
}

func compressGzip(t *testing.T) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	finish(t, w)
	return out.Bytes()
}

func compressZstd(t *testing.T) []byte {
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	finish(t, w)
	return out.Bytes()
}

func compressXz(t *testing.T) []byte {
	var out bytes.Buffer
	w, err := xz.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	finish(t, w)
	return out.Bytes()
}

func finish(t *testing.T, w interface {
	Write([]byte) (int, error)
	Close() error
}) {
	t.Helper()
	if _, err := w.Write(payload()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func matches(got, want []Finding) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if got[i].Name != want[i].Name || got[i].Problem != want[i].Problem ||
			!strings.HasPrefix(got[i].Detail, want[i].Detail) {
			return false
		}
	}
	return true
}
