"""Speed and accuracy on new applications, beside a stock full-page run of the same recogniser."""
