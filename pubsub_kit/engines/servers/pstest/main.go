// Google's in-memory Pub/Sub (pstest) as a server on 127.0.0.1, until it is told to end.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"cloud.google.com/go/pubsub/v2/pstest"
)

const module = "cloud.google.com/go/pubsub/v2"

func version() string {
	built, _ := debug.ReadBuildInfo()
	for _, used := range built.Deps {
		if used.Path == module {
			return used.Version
		}
	}
	return "unknown"
}

func main() {
	port := flag.Int("port", 8085, "TCP port on 127.0.0.1")
	flag.Parse()
	server := pstest.NewServerWithAddress(fmt.Sprintf("127.0.0.1:%d", *port))
	fmt.Println("pstest", version(), "listens on", server.Addr)
	told := make(chan os.Signal, 1)
	signal.Notify(told, os.Interrupt, syscall.SIGTERM)
	<-told
	if err := server.Close(); err != nil {
		log.Fatal(err)
	}
}
