package alpha

//go:noinline
func A() string { return "alpha" }
