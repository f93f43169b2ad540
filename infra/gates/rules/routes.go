package main

import (
	"strings"

	"kexin/infra/template"
)

// open are the paths that want no token: what a customer without a login sees, and the pages, which are all addresses but the others.
var open = []string{"/$default", "/v1/forms", "/v1/forms/{form}", "/v1/forms/{form}/submissions", "/v1/keys", "/openapi.json"}

// routes finds routes of HTTP APIs that want no token although they should, and authorisers that are not there.
func routes(s stack, found func(string, string, ...any)) {
	for _, id := range s.of("AWS::ApiGatewayV2::Api") {
		body, _ := s.resources[id].Properties["Body"].(template.Map)
		schemes := template.At(body, "components", "securitySchemes")
		paths := template.At(body, "paths")
		if len(paths) == 0 {
			found(id, "has no routes")
		}
		for path, methods := range paths {
			operations, _ := methods.(template.Map)
			for method, operation := range operations {
				if o, ok := operation.(template.Map); ok && !isOpen(path) && !guarded(o, schemes) {
					found(id, "%s %s wants no token", strings.ToUpper(method), path)
				}
			}
		}
	}
}

func isOpen(path string) bool {
	for _, p := range open {
		if p == path {
			return true
		}
	}
	return false
}

// guarded reports whether an operation wants a token that an authoriser of issuer and audience verifies.
func guarded(operation, schemes template.Map) bool {
	for _, wanted := range template.List(operation["security"]) {
		names, _ := wanted.(template.Map)
		for name := range names {
			authorizer := template.At(schemes, name, "x-amazon-apigateway-authorizer")
			jwt := template.At(authorizer, "jwtConfiguration")
			if authorizer["type"] == "jwt" && jwt["issuer"] != nil && len(template.List(jwt["audience"])) > 0 {
				return true
			}
		}
	}
	return false
}
