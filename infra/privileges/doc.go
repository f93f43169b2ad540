// Package privileges is the proof that every function may do what its code does and nothing that design §7 forbids it: it reads the
// requests that functions send to AWS as IAM judges them, judges them by the policies of the template, lists what nobody may do, and
// writes the report docs/operations/privileges.md. It is for tests: nothing that is deployed imports it.
//
// Resources are written by logical id, like <KeysTable.Arn>/index/by-department, and so are values that differ from deployment to
// deployment: a recording from emulated services is judged as if it had been made on AWS.
package privileges
