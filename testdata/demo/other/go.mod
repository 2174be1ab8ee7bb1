module example.com/acme/treehash

go 1.24.0

require (
	github.com/dustin/go-humanize v1.1.0
	golang.org/x/mod v0.29.0
)
