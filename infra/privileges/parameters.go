package privileges

// Parameters are values for the parameters of the template that have no default. The deployment is an invented one.
func Parameters() map[string]string {
	return map[string]string{"Deployment": "dep_aaaaaaaaaaaaaaaaaaaaaaaaaa", "OidcIssuer": "https://issuer.example", "OidcAudience": "kexin",
		"ConsoleOrigin": "https://console.example"}
}
