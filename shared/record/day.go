package record

import "time"

// zone is where the company is and days are counted. China has had no summer time since 1991, so no zone file is needed.
var zone = time.FixedZone("CST", 8*60*60)

// Day returns the calendar day that now falls on for the company, as midnight UTC.
func Day(now time.Time) time.Time {
	year, month, day := now.In(zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
