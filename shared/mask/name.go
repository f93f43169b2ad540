package mask

import (
	"strings"
	"unicode"
)

// compoundSurnames are the surnames of two characters that people in China bear today.
const compoundSurnames = " 欧阳 歐陽 太史 端木 上官 司马 司馬 东方 東方 独孤 獨孤 南宫 南宮 万俟 闻人 聞人 夏侯 诸葛 諸葛 尉迟 尉遲 公羊 赫连 赫連 澹台 澹臺 皇甫 " +
	"宗政 濮阳 濮陽 公冶 太叔 申屠 公孙 公孫 慕容 仲孙 仲孫 钟离 鍾離 长孙 長孫 宇文 司徒 鲜于 鮮于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 " +
	"乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 梁丘 左丘 东门 西门 南荣 第五 "

// personName shows the surname of a Chinese name and the first letter of any other. A name of one character shows nothing, and a
// name that is a compound surname and no more shows its first character.
func personName(text string) string {
	name := []rune(text)
	switch {
	case len(name) < 2 || name[0] == ' ':
		return hidden
	case !unicode.Is(unicode.Han, name[0]):
		return string(name[0]) + "***"
	case len(name) > 2 && strings.Contains(compoundSurnames, " "+string(name[:2])+" "):
		return string(name[:2]) + "**"
	}
	return string(name[0]) + "**"
}

// companyName shows the first two and the last two characters of a name of six or more, the first of a shorter one.
func companyName(text string) string {
	name := []rune(text)
	switch {
	case len(name) < 2:
		return hidden
	case len(name) < 6:
		return string(name[0]) + "****"
	}
	return string(name[:2]) + "****" + string(name[len(name)-2:])
}
