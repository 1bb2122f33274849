module example.com/least

go 1.26
