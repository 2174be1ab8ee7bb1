package local

//go:noinline
func Name() string { return "local" }
