module example.com/Acme/rich

go 1.26

require (
	example.com/local v1.2.3
	github.com/BurntSushi/toml v1.4.0
	github.com/blang/semver v3.5.1+incompatible
	rsc.io/quote v1.5.2
)

require (
	golang.org/x/text v0.0.0-20170915032832-14c0d48ead0c // indirect
	rsc.io/sampler v1.3.0 // indirect
)

replace example.com/local => ./local

replace rsc.io/sampler => rsc.io/sampler v1.99.99
