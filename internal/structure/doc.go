// Package structure holds the tests that look at the source of the whole project instead of its behaviour: which package may import
// which, where clocks, randomness and the environment may be read, who may end a process, and that everything exported is explained.
// Exceptions stand in the tests' tables, each with its reason. It contains nothing else.
package structure
