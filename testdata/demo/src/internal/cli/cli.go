// SPDX-License-Identifier: Apache-2.0

// Package cli is shipcheck's command line.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/acme/shipcheck/internal/config"
	"example.com/acme/shipcheck/internal/release"
	"example.com/acme/shipcheck/internal/report"
	"example.com/acme/shipcheck/internal/sums"
)

// Run runs shipcheck and returns its exit code: 0 if the release may ship, 1 if
// it may not, 2 if that could not be found out.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	switch err := root.ExecuteContext(ctx); {
	case err == nil:
		return 0
	case errors.Is(err, errNotReady):
		return 1
	default:
		fmt.Fprintln(stderr, "error:", err)
		return 2
	}
}

// errNotReady stands for findings that are already shown.
var errNotReady = errors.New("the release is not ready")

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "shipcheck",
		Short:         "Check a release folder before it ships",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newVerify(), newSum())
	return root
}

func newVerify() *cobra.Command {
	var flags settingsFlags
	format := formatText
	command := &cobra.Command{
		Use:   "verify FOLDER",
		Short: "Compare a release folder with its checksum list",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			settings, err := flags.resolve()
			if err != nil {
				return err
			}
			found, err := release.Check(cmd.Context(), args[0], settings)
			if err != nil {
				return err
			}
			if err := format.show(cmd.OutOrStdout(), found); err != nil {
				return err
			}
			if len(found.Findings) > 0 {
				return errNotReady
			}
			return nil
		},
	}
	flags.register(command.Flags())
	command.Flags().StringVar(&flags.file.Version, "version-is", "", "version that archives must be named after, such as v1.2.3")
	command.Flags().Var(&format, "format", "text or json")
	return command
}

func newSum() *cobra.Command {
	var flags settingsFlags
	command := &cobra.Command{
		Use:   "sum FOLDER",
		Short: "Print the checksum list of a release folder",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			settings, err := flags.resolve()
			if err != nil {
				return err
			}
			entries, err := release.Sum(cmd.Context(), args[0], settings)
			if err != nil {
				return err
			}
			return sums.Write(cmd.OutOrStdout(), entries)
		},
	}
	flags.register(command.Flags())
	return command
}

// settingsFlags are the flags that a settings file can also give; a flag wins.
type settingsFlags struct {
	config string
	file   config.File
}

func (f *settingsFlags) register(flags *pflag.FlagSet) {
	flags.StringVarP(&f.config, "config", "c", "", "settings file (.yaml, .yml or .toml)")
	flags.StringVar(&f.file.Checksums, "checksums", "", "name of the checksum list (default checksums.txt)")
	flags.StringVarP(&f.file.Algorithm, "algorithm", "a", "", "sha256, sha512 or blake3 (default sha256)")
	flags.StringArrayVarP(&f.file.Ignore, "ignore", "i", nil, "pattern of files that need no checksum, such as '**/*.sig'")
	flags.IntVarP(&f.file.Jobs, "jobs", "j", 0, "files read at the same time (default: one for each CPU)")
}

func (f *settingsFlags) resolve() (config.Settings, error) {
	if f.config == "" {
		return f.file.Resolve()
	}
	file, err := config.Read(f.config)
	if err != nil {
		return config.Settings{}, err
	}
	override(&file.Checksums, f.file.Checksums)
	override(&file.Algorithm, f.file.Algorithm)
	override(&file.Version, f.file.Version)
	override(&file.Jobs, f.file.Jobs)
	file.Ignore = append(file.Ignore, f.file.Ignore...)
	return file.Resolve()
}

func override[T comparable](setting *T, flag T) {
	var unset T
	if flag != unset {
		*setting = flag
	}
}

// format is a pflag.Value.
type format string

const (
	formatText format = "text"
	formatJSON format = "json"
)

func (f format) show(w io.Writer, found release.Report) error {
	if f == formatJSON {
		return report.JSON(w, found)
	}
	return report.Text(w, found)
}

func (f *format) Set(value string) error {
	switch format(value) {
	case formatText, formatJSON:
		*f = format(value)
		return nil
	}
	return errors.New("want text or json")
}

func (f *format) String() string { return string(*f) }
func (f *format) Type() string   { return "format" }

// version is what the Go linker stamped into this program.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return fmt.Sprintf("%s (%s)", info.Main.Version, info.GoVersion)
}
