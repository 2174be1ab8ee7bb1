// SPDX-License-Identifier: Apache-2.0

// Package report shows a release.Report to a person or to a program.
package report

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
	"github.com/fatih/color"

	"example.com/acme/shipcheck/internal/release"
)

// Text writes one line for each finding and one for the whole. It is coloured
// on a terminal, unless NO_COLOR is set.
func Text(w io.Writer, report release.Report) error {
	for _, f := range report.Findings {
		if _, err := fmt.Fprintf(w, "%s %s: %s\n", color.RedString("%-13s", f.Problem), f.Name, f.Detail); err != nil {
			return err
		}
	}
	verdict := color.GreenString("ready to ship")
	if n := len(report.Findings); n > 0 {
		verdict = color.RedString("%s", english.Plural(n, "problem", ""))
	}
	_, err := fmt.Fprintf(w, "%s: %s intact, %s read\n", verdict,
		english.Plural(report.Files, "file", ""), humanize.IBytes(uint64(report.Bytes)))
	return err
}

// JSON writes the report as one indented object.
func JSON(w io.Writer, report release.Report) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(report)
}
