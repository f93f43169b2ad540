package mask

import (
	"regexp"
	"strings"
	"sync"
)

const (
	provinces = `河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|` +
		`广西|西藏|宁夏|新疆`
	cities = `(?:北京|天津|上海|重庆)市?|(?:香港|澳门)(?:特别行政区)?`
	// inPlace is a character of a prefecture's name: none with which streets, districts and shops end, so that
	// "西湖路好又多超市" is not taken for a city.
	inPlace = `[^\s0-9A-Za-z县区路街道镇乡村号店超夜门菜场]`
)

// region is a city that is a province, or a province and, where one follows, its prefecture.
var region = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:` + cities + `|(?:` + provinces + `)(?:壮族自治区|回族自治区|维吾尔自治区|自治区|省)?\s*` +
		`(?:` + inPlace + `{2,4}?(?:市|地区|盟)|` + inPlace + `{2,10}?自治州)?)`)
})

// address shows province and city; an address that does not start with a province shows nothing.
func address(text string) string {
	return strings.TrimSpace(region().FindString(text)) + hidden
}
