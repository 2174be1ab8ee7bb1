package beta

//go:noinline
func B() string { return "beta" }
