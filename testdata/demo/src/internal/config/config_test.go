// SPDX-License-Identifier: Apache-2.0

package config

import (
	"reflect"
	"testing"
)

func TestYAMLAndTOMLAgree(t *testing.T) {
	want := File{Algorithm: "blake3", Ignore: []string{"**/*.sig"}, MaxUnpack: "1 GiB", Jobs: 2}
	for extension, text := range map[string]string{
		".yaml": "algorithm: blake3\nignore: ['**/*.sig']\nmax_unpack: 1 GiB\njobs: 2\n",
		".toml": "algorithm = 'blake3'\nignore = ['**/*.sig']\nmax_unpack = '1 GiB'\njobs = 2\n",
	} {
		got, err := decode(extension, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", extension, got, want)
		}
	}
}

func TestUnknownKeyIsAnError(t *testing.T) {
	for extension, test := range map[string]struct{ text, want string }{
		".yaml": {"ignor: []\n", "yaml: unmarshal errors:\n  line 1: field ignor not found in type config.File"},
		".toml": {"ignor = []\n", `unknown key "ignor"`},
		".ini":  {"", `settings in ".ini" files are not supported, want .yaml, .yml or .toml`},
	} {
		_, err := decode(extension, []byte(test.text))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: got error %v, want %q", extension, err, test.want)
		}
	}
}

func TestResolve(t *testing.T) {
	for _, test := range []struct {
		file File
		want string
	}{
		{File{Algorithm: "md5"}, `unknown digest algorithm "md5", want sha256, sha512 or blake3`},
		{File{MaxUnpack: "much"}, `max_unpack: "much" is not a size such as 500 MB or 4 GiB`},
		{File{Version: "1.2.3"}, `version: "1.2.3" is not a semantic version with a v, such as v1.2.3`},
		{File{Ignore: []string{"[a"}}, `ignore: "[a" is not a valid pattern`},
		{File{Jobs: -1}, "jobs: -1 is less than one"},
	} {
		_, err := test.file.Resolve()
		if err == nil || err.Error() != test.want {
			t.Errorf("%+v: got error %v, want %q", test.file, err, test.want)
		}
	}
	settings, err := File{}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	if settings.Checksums != "checksums.txt" || settings.Algorithm.String() != "sha256" || settings.MaxUnpack != 4<<30 {
		t.Errorf("got defaults %+v", settings)
	}
}
