// SPDX-License-Identifier: Apache-2.0

// Package config reads shipcheck's settings from YAML or TOML.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"

	"github.com/BurntSushi/toml"
	"github.com/bmatcuk/doublestar/v4"
	"github.com/dustin/go-humanize"
	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/semver"

	"example.com/acme/shipcheck/internal/digest"
)

// Settings say what a release must look like. Resolve makes them from a File.
type Settings struct {
	Checksums string           // name of the checksum list in the release folder
	Algorithm digest.Algorithm // of the list's digests
	Ignore    []string         // doublestar patterns of files that need not be listed
	Version   string           // semantic version that archives must carry, "" for any
	MaxUnpack int64            // bytes that one compressed file may unpack to
	Jobs      int              // files read at the same time
}

// File is a settings file as written. Empty fields mean the default.
type File struct {
	Checksums string   `yaml:"checksums" toml:"checksums"`
	Algorithm string   `yaml:"algorithm" toml:"algorithm"`
	Ignore    []string `yaml:"ignore" toml:"ignore"`
	Version   string   `yaml:"version" toml:"version"`
	MaxUnpack string   `yaml:"max_unpack" toml:"max_unpack"` // such as "2 GiB"
	Jobs      int      `yaml:"jobs" toml:"jobs"`
}

// Read reads a .yaml, .yml or .toml file. A key it does not know is an error.
func Read(name string) (File, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return File{}, err
	}
	file, err := decode(filepath.Ext(name), text)
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	return file, nil
}

// Resolve fills in the defaults and checks every field.
func (f File) Resolve() (Settings, error) {
	algorithm, err := digest.Parse(or(f.Algorithm, digest.SHA256.String()))
	if err != nil {
		return Settings{}, err
	}
	maxUnpack, err := humanize.ParseBytes(or(f.MaxUnpack, "4 GiB"))
	if err != nil || maxUnpack >= math.MaxInt64 {
		return Settings{}, fmt.Errorf("max_unpack: %q is not a size such as 500 MB or 4 GiB", f.MaxUnpack)
	}
	if f.Version != "" && !semver.IsValid(f.Version) {
		return Settings{}, fmt.Errorf("version: %q is not a semantic version with a v, such as v1.2.3", f.Version)
	}
	for _, pattern := range f.Ignore {
		if !doublestar.ValidatePattern(pattern) {
			return Settings{}, fmt.Errorf("ignore: %q is not a valid pattern", pattern)
		}
	}
	if f.Jobs < 0 {
		return Settings{}, fmt.Errorf("jobs: %d is less than one", f.Jobs)
	}
	return Settings{
		Checksums: or(f.Checksums, "checksums.txt"),
		Algorithm: algorithm,
		Ignore:    f.Ignore,
		Version:   f.Version,
		MaxUnpack: int64(maxUnpack),
		Jobs:      or(f.Jobs, runtime.GOMAXPROCS(0)),
	}, nil
}

func decode(extension string, text []byte) (File, error) {
	switch extension {
	case ".yaml", ".yml":
		return decodeYAML(text)
	case ".toml":
		return decodeTOML(text)
	}
	return File{}, fmt.Errorf("settings in %q files are not supported, want .yaml, .yml or .toml", extension)
}

func decodeYAML(text []byte) (File, error) {
	var file File
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return File{}, err
	}
	return file, nil
}

func decodeTOML(text []byte) (File, error) {
	var file File
	meta, err := toml.Decode(string(text), &file)
	if err != nil {
		return File{}, err
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return File{}, fmt.Errorf("unknown key %q", unknown[0].String())
	}
	return file, nil
}

// or is value, or fallback if value is zero.
func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
