package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"kexin/shared/env"
	"kexin/shared/record"
)

// deployed is what `aws lambda list-functions` says of a function.
type deployed struct {
	FunctionName string
	Environment  struct{ Variables map[string]string }
}

// examineFunctions looks at the variables of every function of a deployment on AWS, and whether they agree.
func examineFunctions(path string, found *findings) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var list struct{ Functions []deployed }
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("%w: %s is not the output of aws lambda list-functions", errUsage, path)
	}
	ours := slices.DeleteFunc(list.Functions, func(f deployed) bool { return f.Environment.Variables[string(env.Deployment)] == "" })
	if len(ours) == 0 {
		found.wrong(record.Text{ZH: "函数", EN: "functions"}, "", record.Text{ZH: "其中没有客信的函数：核对区域和账号", EN: "none of Kexin among them: compare region and account"})
		return nil
	}
	for _, f := range ours {
		examineFunction(f, found)
	}
	for _, name := range []env.Variable{env.Deployment, env.Pack, env.ManifestKey, env.OIDCIssuer, env.OIDCAudience} {
		agree(ours, name, found)
	}
	return nil
}

func examineFunction(f deployed, found *findings) {
	var environ []string
	for name, value := range f.Environment.Variables {
		environ = append(environ, name+"="+value)
	}
	slices.Sort(environ)
	what := record.Text{ZH: "函数 " + f.FunctionName, EN: "function " + f.FunctionName}
	_, err := env.Load(environ)
	if err == nil {
		found.ok(what)
		return
	}
	for _, one := range flatten(err) {
		found.wrong(what, one.Error(), record.Text{ZH: "不要手工改函数：改模板参数后重新 make deploy", EN: "never change a function by hand: change the template's parameter and make deploy"})
	}
}

// agree looks whether all functions that have a variable have the same value.
func agree(functions []deployed, name env.Variable, found *findings) {
	values := map[string][]string{}
	for _, f := range functions {
		if value := f.Environment.Variables[string(name)]; value != "" {
			values[value] = append(values[value], f.FunctionName)
		}
	}
	what := record.Text{ZH: "各函数的 " + string(name), EN: string(name) + " of all functions"}
	switch {
	case len(values) > 1:
		var sizes []string
		for _, names := range values {
			slices.Sort(names)
			sizes = append(sizes, strings.Join(names, ", "))
		}
		slices.Sort(sizes)
		found.wrong(what, "differs: "+strings.Join(sizes, " / "), record.Text{ZH: "它们必须相同：重新 make deploy", EN: "they must be the same: make deploy again"})
	case len(values) == 0 && name == env.ManifestKey:
		found.wrong(what, "not set", record.Text{
			ZH: "先做第二步部署：docs/operations/deploy.md 的“清单密钥”",
			EN: "the second step of the deployment is missing: docs/operations/deploy.md, the manifest's key",
		})
	case len(values) == 1:
		found.ok(what)
	}
}

// question is one request that a running installation must answer in a known way.
type question struct {
	what   record.Text
	path   string
	want   []int
	remedy record.Text
}

func questions() []question {
	return []question{
		{record.Text{ZH: "公钥 /v1/keys", EN: "public keys /v1/keys"}, "/v1/keys", []int{200}, record.Text{
			ZH: "503：系统还没有清单，调用一次 RotateKeys（events/rotate-keys.daily.json）；404：地址不是客信的",
			EN: "503: there is no manifest yet, invoke RotateKeys once (events/rotate-keys.daily.json); 404: this is not Kexin's address",
		}},
		{record.Text{ZH: "接口说明 /openapi.json", EN: "API description /openapi.json"}, "/openapi.json", []int{200}, record.Text{
			ZH: "地址不是客信的，或版本太旧", EN: "not Kexin's address, or too old a version",
		}},
		{record.Text{ZH: "无令牌者被拒", EN: "nobody enters without a token"}, "/v1/customers?department=service&limit=1", []int{401}, record.Text{
			ZH: "立刻关闭入口：接口没有要求令牌。核对 API 的授权器是否与模板一致",
			EN: "close the entrance at once: the API asks for no token. Compare the authoriser of the API with the template",
		}},
		{record.Text{ZH: "演示开关不存在", EN: "no switches of the demonstration"}, "/dev/clock", []int{401, 403, 404, 405}, record.Text{
			ZH: "这是演示系统，不能用于真实客户", EN: "this is a demonstration and never for real customers",
		}},
	}
}

// examineURL asks a running installation.
func examineURL(ctx context.Context, client *http.Client, base string, found *findings) {
	what := record.Text{ZH: "地址", EN: "address"}
	parsed, err := url.Parse(base)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		found.wrong(what, "", record.Text{ZH: "给出 https:// 开头的完整地址", EN: "give a whole address that begins with https://"})
		return
	}
	if host := parsed.Hostname(); parsed.Scheme != "https" && host != "127.0.0.1" && host != "localhost" && host != "::1" {
		found.wrong(what, "http", record.Text{ZH: "只能经由 TLS 提供服务", EN: "serve through TLS only"})
	}
	for _, q := range questions() {
		status, header, err := ask(ctx, client, base+q.path)
		if err == nil && !slices.Contains(q.want, status) {
			err = fmt.Errorf("status %d", status)
		}
		if found.check(err, q.what, q.remedy) && strings.HasPrefix(q.path, "/v1/keys") {
			examineClock(header, found)
		}
	}
}

func ask(ctx context.Context, client *http.Client, address string) (int, http.Header, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, fmt.Errorf("address cannot be used")
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 4<<20))
	return response.StatusCode, response.Header, err
}
