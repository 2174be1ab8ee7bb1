// SPDX-License-Identifier: Apache-2.0

// Package digest names the hash algorithms a checksum list may use.
package digest

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"

	"lukechampine.com/blake3"
)

// Algorithm is a hash algorithm; the zero value is not one. Parse makes it.
type Algorithm struct {
	name string
	size int // bytes of a digest
}

// The algorithms Parse knows.
var (
	SHA256 = Algorithm{"sha256", sha256.Size}
	SHA512 = Algorithm{"sha512", sha512.Size}
	BLAKE3 = Algorithm{"blake3", 32}
)

// Parse finds the algorithm with that exact name.
func Parse(name string) (Algorithm, error) {
	for _, a := range []Algorithm{SHA256, SHA512, BLAKE3} {
		if a.name == name {
			return a, nil
		}
	}
	return Algorithm{}, fmt.Errorf("unknown digest algorithm %q, want sha256, sha512 or blake3", name)
}

// New starts a hash.
func (a Algorithm) New() hash.Hash {
	switch a {
	case SHA256:
		return sha256.New()
	case SHA512:
		return sha512.New()
	case BLAKE3:
		return blake3.New(a.size, nil)
	}
	panic("digest: New on the zero Algorithm")
}

// HexLen is the number of characters of a digest in hexadecimal.
func (a Algorithm) HexLen() int { return 2 * a.size }

func (a Algorithm) String() string { return a.name }
