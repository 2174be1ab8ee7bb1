// SPDX-License-Identifier: Apache-2.0

package sums

import (
	"strings"
	"testing"

	"example.com/acme/shipcheck/internal/digest"
)

func TestParse(t *testing.T) {
	sum := strings.Repeat("a1", 32)
	for _, test := range []struct {
		name, list, wantErr string
	}{
		{"text mode", sum + "  a.txt\n", ""},
		{"binary mode", sum + " *a.txt\n", ""},
		{"space in the name", sum + "  a b.txt\n", ""},
		{"no final newline", sum + "  dir/a.txt", ""},
		{"nothing", "\n\n", "the list names no file"},
		{"one space", sum + " a.txt\n", "line 1: want a digest, two spaces and a file name"},
		{"no name", sum + "  \n", `line 1: want a digest, two spaces and a file name`},
		{"short digest", "a1  a.txt\n", "line 1: digest has 2 characters, sha256 has 64"},
		{"upper case", strings.ToUpper(sum) + "  a.txt\n", "line 1: digest is not lower-case hexadecimal"},
		{"not hexadecimal", strings.Repeat("zz", 32) + "  a.txt\n", "line 1: digest is not lower-case hexadecimal"},
		{"twice", sum + "  a\n" + sum + "  a\n", `line 2: "a" is listed twice`},
		{"parent", sum + "  ../a\n", `line 1: "../a" is not a file below the release folder`},
		{"absolute", sum + "  /etc/passwd\n", `line 1: "/etc/passwd" is not a file below the release folder`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse(strings.NewReader(test.list), digest.SHA256)
			if got := message(err); got != test.wantErr {
				t.Errorf("Parse(%q): got error %q, want %q", test.list, got, test.wantErr)
			}
		})
	}
}

func TestWriteThenParse(t *testing.T) {
	want := []Entry{{"a b", strings.Repeat("0f", 64)}, {"dir/c", strings.Repeat("e2", 64)}}
	var list strings.Builder
	if err := Write(&list, want); err != nil {
		t.Fatal(err)
	}
	got, err := Parse(strings.NewReader(list.String()), digest.SHA512)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
