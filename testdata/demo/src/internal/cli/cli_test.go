// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestExitCodes(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "tool", "x")
	list, _ := run(t, 0, "sum", folder)
	write(t, folder, "checksums.txt", list)

	out, _ := run(t, 0, "verify", folder)
	if want := "ready to ship: 1 file intact, 1 B read\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
	write(t, folder, "extra", "y")
	out, _ = run(t, 1, "verify", folder)
	want := "unlisted      extra: would ship without a checksum\n1 problem: 1 file intact, 1 B read\n"
	if out != want {
		t.Errorf("got %q, want %q", out, want)
	}
	run(t, 0, "verify", "--ignore", "extra", folder)

	_, errOut := run(t, 2, "verify", "--format", "xml", folder)
	if want := "error: invalid argument \"xml\" for \"--format\" flag: want text or json\n"; errOut != want {
		t.Errorf("got %q, want %q", errOut, want)
	}
}

func TestFlagsWinOverTheSettingsFile(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "tool", "x")
	settings := filepath.Join(t.TempDir(), "shipcheck.toml")
	if err := os.WriteFile(settings, []byte("algorithm = 'blake3'\nchecksums = 'B3SUMS'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	list, _ := run(t, 0, "sum", "--config", settings, "--algorithm", "sha256", folder)
	if want := "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881  tool\n"; list != want {
		t.Errorf("got %q, want %q", list, want)
	}
	write(t, folder, "B3SUMS", list)
	run(t, 0, "verify", "--config", settings, "--algorithm", "sha256", folder)
	run(t, 1, "verify", "--config", settings, folder)
}

func run(t *testing.T, wantCode int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := Run(t.Context(), args, &out, &errOut); code != wantCode {
		t.Errorf("%v: got exit code %d, want %d\n%s%s", args, code, wantCode, &out, &errOut)
	}
	return out.String(), errOut.String()
}

func write(t *testing.T, folder, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
