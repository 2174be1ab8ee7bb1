module example.com/beta/v2

go 1.26
