// Package embedded holds hard tests of the embedded server as a whole: what it leaves in files and logs, what survives kills, what it
// does with bad input and false identities, and what its public form tells about who is known. `make test` runs them with small counts,
// KEXIN_FULL=1 in full.
package embedded
