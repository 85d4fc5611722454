//go:build tools

// Package tools names the programs that @go_tools has; it is never built itself.
package tools

import (
	_ "github.com/bojand/ghz/cmd/ghz"
	_ "github.com/fullstorydev/grpcurl/cmd/grpcurl"
)
