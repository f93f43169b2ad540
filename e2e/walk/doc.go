// Package walk holds one script that drives the real thing from the form to the certificate (testdata/walk.txt), and two deployments that
// it runs against: the embedded server as it is built, and the functions' own bootstraps under the Lambda Runtime API, on servers that
// this project did not write. The second needs their addresses (infra/foreign/start.sh) and says so without them.
package walk
