package main

import (
	"example.com/alpha"
	beta "example.com/beta/v2"
)

func main() { println(alpha.A(), beta.B()) }
