module example.com/Toy/app

go 1.26

require (
	example.com/alpha v1.2.3
	example.com/beta/v2 v2.0.1
)
replace example.com/alpha => ./alpha
replace example.com/beta/v2 => ./beta
