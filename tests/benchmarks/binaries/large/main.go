// A program that links a good part of the standard library and a large embedded file's worth of tables.
package main

import (
	"archive/tar"
	"archive/zip"
	"compress/bzip2"
	"crypto/tls"
	"database/sql"
	"debug/dwarf"
	"debug/elf"
	"debug/pe"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"go/ast"
	"go/build"
	"go/format"
	"go/types"
	"html/template"
	"image/gif"
	"image/jpeg"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/http/pprof"
	"net/rpc"
	"net/smtp"
	"os/exec"
	"regexp"
	"testing"
	texts "text/template"
	_ "time/tzdata"
)

var kept = []any{
	tar.NewReader, zip.NewReader, bzip2.NewReader, tls.Dial, sql.Open, dwarf.New, elf.Open, pe.Open, gob.NewDecoder,
	json.Unmarshal, xml.Unmarshal, ast.Print, build.Import, format.Source, types.NewPackage, template.New, gif.Decode,
	jpeg.Decode, png.Decode, slog.Default, http.ListenAndServe, httputil.NewSingleHostReverseProxy, pprof.Index,
	rpc.Dial, smtp.SendMail, exec.Command, regexp.Compile, testing.Benchmark, texts.New,
}

func main() { fmt.Println(len(kept)) }
