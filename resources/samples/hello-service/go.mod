module example.org/hello-service

go 1.24

require example.org/greeting v1.2.0
