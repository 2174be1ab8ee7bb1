// Command tool exists to have a module list worth reading.
package main

import (
	"example.com/local"
	"github.com/BurntSushi/toml"
	"github.com/blang/semver"
	"rsc.io/quote"
)

func main() {
	var config struct{ Version string }
	if _, err := toml.Decode(`Version = "1.2.3"`, &config); err != nil {
		println(err.Error())
	}
	version, _ := semver.Make(config.Version)
	println(local.Name(), quote.Hello(), version.String())
}
