// SPDX-License-Identifier: Apache-2.0

// Package unpack reads compressed files to their end, to see that they are whole.
package unpack

import (
	"fmt"
	"io"
	"path"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// IsCompressed tells whether Test can read a file of that name.
func IsCompressed(name string) bool {
	_, found := openers[path.Ext(name)]
	return found
}

// Test decompresses stream and throws the result away. It fails if the stream
// is damaged or cut short, or holds more than limit bytes. It may read past the
// compressed data, never before it.
func Test(name string, stream io.Reader, limit int64) error {
	open, found := openers[path.Ext(name)]
	if !found {
		return fmt.Errorf("no decompressor for %q", name)
	}
	content, err := open(stream)
	if err != nil {
		return err
	}
	defer content.Close()
	size, err := io.Copy(io.Discard, io.LimitReader(content, limit+1))
	if err != nil {
		return err
	}
	if size > limit {
		return fmt.Errorf("unpacks to more than %d bytes", limit)
	}
	return nil
}

var openers = map[string]func(io.Reader) (io.ReadCloser, error){
	".gz":  openGzip,
	".tgz": openGzip,
	".zst": openZstd,
	".xz":  openXz,
}

func openGzip(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }

// openZstd decodes on the caller's goroutine, so that nothing reads r after Test.
func openZstd(r io.Reader) (io.ReadCloser, error) {
	decoder, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(zstdWindow))
	if err != nil {
		return nil, err
	}
	return decoder.IOReadCloser(), nil
}

func openXz(r io.Reader) (io.ReadCloser, error) {
	reader, err := xz.NewReader(r)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(reader), nil
}

// zstdWindow is the largest window that zstd(1) unpacks unless told otherwise.
const zstdWindow = 128 << 20
