package main

// static int one(void) { return 1; }
import "C"
import "example.com/alpha"

//export Hello
func Hello() int { return int(C.one()) }

func main() { println(C.one(), alpha.A()) }
