// Package deploy holds the scripts behind make plan, make deploy and make destroy, and their tests.
package deploy
