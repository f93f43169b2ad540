package seal

// Spend counts one use of the present intake key of branch without using it.
func (w *Writer) Spend(branch Branch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.intakes[branch].uses++
}
