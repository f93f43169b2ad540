package boltstore

func childMain() bool { return false }
