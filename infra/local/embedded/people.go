package embedded

import (
	"fmt"
	mathrand "math/rand/v2"

	"kexin/shared/collect"
	"kexin/shared/record"
)

// Parts of invented names. Solar terms, colours and common surnames: nobody in particular.
var (
	surnames = []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗", "欧阳", "上官", "诸葛"}
	given    = []string{"春和", "夏至", "秋分", "冬青", "雨水", "晴川", "明月", "清风", "思远", "知行", "若水", "长歌", "云舒", "子衿", "南乔", "北辰", "星河", "初阳", "晚晴", "白露"}
	streets  = []string{"西湖区文三路", "上城区清波街", "拱墅区湖墅路", "滨江区江南大道", "余杭区良渚路"}
	firms    = []string{"云杉", "青禾", "远山", "星野", "临江", "南屏"}
	trades   = []string{"商贸", "餐饮", "科技", "文化", "家政"}
	wants    = []string{"每周保洁一次", "空调清洗", "月嫂咨询", "搬家", "水电维修", "玻璃清洁"}
)

// invent returns count invented customers: mostly individuals, some companies, with valid check digits.
func invent(count int) []collect.Raw {
	r := source()
	people := make([]collect.Raw, count)
	for i := range people {
		if i%8 == 7 {
			people[i] = inventFirm(r, i)
		} else {
			people[i] = inventPerson(r, i)
		}
	}
	return people
}

func frame(r *mathrand.Rand, kind record.Kind) collect.Raw {
	channel := record.Channel("phone")
	if r.IntN(2) == 0 {
		channel = "face_to_face"
	}
	return collect.Raw{Form: "service", Kind: kind, Channel: channel, Notice: "service/1", Language: record.Chinese,
		Consents: map[record.PurposeID]bool{"contract_service": true, "customer_service": r.IntN(4) > 0, "marketing": r.IntN(3) == 0},
		Separate: map[record.FieldName]bool{}, Fields: map[record.FieldName]string{}}
}

// phone returns an invented mobile number, different for each i.
func phone(i int) string { return fmt.Sprintf("138%08d", 10_000_019+i*37_337) }

func inventPerson(r *mathrand.Rand, i int) collect.Raw {
	raw := frame(r, record.KindIndividual)
	raw.Fields["name"] = surnames[r.IntN(len(surnames))] + given[r.IntN(len(given))]
	raw.Fields["phone"] = phone(i)
	if r.IntN(2) == 0 {
		raw.Fields["email"] = fmt.Sprintf("customer%03d@mail.example", i)
	}
	raw.Fields["service_request"] = wants[r.IntN(len(wants))]
	if r.IntN(3) == 0 {
		raw.Fields["id_number"] = citizen(r, i)
		raw.Separate["id_number"] = true
	}
	if r.IntN(2) == 0 {
		raw.Fields["contact_address"] = fmt.Sprintf("浙江省杭州市%s%d号", streets[r.IntN(len(streets))], 1+r.IntN(300))
	}
	if r.IntN(5) == 0 {
		raw.Fields["home_address"] = fmt.Sprintf("浙江省杭州市%s%d号%d室", streets[r.IntN(len(streets))], 1+r.IntN(300), 101+r.IntN(900))
		raw.Separate["home_address"] = true
	}
	return raw
}

// citizen returns an invented ID number of an adult with its check digit (GB 11643, ISO 7064 MOD 11-2).
func citizen(r *mathrand.Rand, i int) string {
	body := fmt.Sprintf("3301%02d%04d%02d%02d%03d", 2+r.IntN(8), 1960+r.IntN(40), 1+r.IntN(12), 1+r.IntN(28), i%1000)
	sum := 0
	for j, digit := range body {
		sum += int(digit-'0') * (1 << (17 - j) % 11)
	}
	return body + string("10X98765432"[sum%11])
}

func inventFirm(r *mathrand.Rand, i int) collect.Raw {
	kinds := []record.Kind{record.KindEnterprise, record.KindSoleTrader, record.KindPublicInstitution}
	raw := frame(r, kinds[r.IntN(len(kinds))])
	raw.Fields["company_name"] = fmt.Sprintf("杭州%s%s有限公司", firms[r.IntN(len(firms))], trades[r.IntN(len(trades))])
	person := record.FieldName("contact_person_name")
	if raw.Kind == record.KindSoleTrader {
		person = "name"
	}
	raw.Fields[person] = surnames[r.IntN(len(surnames))] + given[r.IntN(len(given))]
	raw.Fields["phone"] = phone(i)
	raw.Fields["uscc"] = creditCode(i)
	raw.Fields["service_request"] = wants[r.IntN(len(wants))]
	return raw
}

// creditCode returns an invented unified social credit code with its check character (GB 32100).
func creditCode(i int) string {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	body := fmt.Sprintf("91330106MA%07d", 1_000_003+i*7919)
	weight, sum := 1, 0
	for j := range body {
		for v := range alphabet {
			if alphabet[v] == body[j] {
				sum += v * weight
			}
		}
		weight = weight * 3 % 31
	}
	return body + string(alphabet[(31-sum%31)%31])
}
