"""What the page's forms send, by a WebSocket or by a POST: the same rules for both."""

from django import forms

from shopping.models import LENGTH, MOST_ITEMS, Item


class ItemForm(forms.Form):
    """Something more to buy."""

    text = forms.CharField(max_length=LENGTH)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if Item.objects.filter(text__iexact=text).exists():
            raise forms.ValidationError("It is on the list already.")
        return text

    def clean(self) -> None:
        if Item.objects.count() >= MOST_ITEMS:
            raise forms.ValidationError(f"The list has {MOST_ITEMS} items, and no room for more.")


class ItemIdForm(forms.Form):
    """One that is on the list."""

    item = forms.ModelChoiceField(Item.objects.all())
